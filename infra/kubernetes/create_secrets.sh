#!/usr/bin/env bash
# create_secrets.sh INSTALLATION.json: copy the three passwords from Secret Manager into the namespace, as the Secrets that pods name.
#
# Passwords go through pipes alone: no argument of a command, which every process list shows, and no file holds one.
set -euo pipefail

installation=${1:?usage: create_secrets.sh INSTALLATION.json}
prefix=$(python3 -c 'import json, sys; print("tunegate-" + json.load(open(sys.argv[1]))["environment"])' "$installation")
project=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["project_id"])' "$installation")

password() {
  gcloud secrets versions access latest --project "$project" --secret "$prefix-$1"
}

# put NAME KEY FORMAT: a Secret whose KEY is FORMAT with the password from stdin in place of %s.
put() {
  local word
  word=$(cat)
  [ -n "$word" ] || { echo "the password for $1 is empty: has terraform apply run?" >&2; return 1; }
  # printf is part of the shell, so that the password is in no process's arguments.
  # shellcheck disable=SC2059
  printf "$3" "$word" |
    kubectl create secret generic "$1" --namespace tunegate --from-file="$2"=/dev/stdin --dry-run=client --output yaml |
    kubectl apply --filename -
}

password mysql-password | put tunegate-database url 'mysql+pymysql://tunegate:%s@127.0.0.1:3306/tunegate'
password postgres-password | put prefect-database url 'postgresql+asyncpg://prefect:%s@127.0.0.1:5432/prefect'
password prefect-password | put prefect-auth string 'prefect:%s'
