# Passwords are made while Terraform runs, go to Secret Manager by write-only arguments, and are never in plan or state.
locals {
  passwords = toset(["mysql-password", "postgres-password", "prefect-password"])
}

ephemeral "random_password" "new" {
  for_each = local.passwords

  length  = 40
  special = false # They become part of URLs.
}

resource "google_secret_manager_secret" "password" {
  for_each = local.passwords

  secret_id = "${local.name}-${each.key}"

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  depends_on = [google_project_service.used]
}

resource "google_secret_manager_secret_version" "password" {
  for_each = local.passwords

  secret                 = google_secret_manager_secret.password[each.key].id
  secret_data_wo         = ephemeral.random_password.new[each.key].result
  secret_data_wo_version = var.password_version
}

# Read back, not taken from above: an apply that breaks off between secret and user still ends with one password, not two.
ephemeral "google_secret_manager_secret_version" "password" {
  for_each = local.passwords

  secret  = google_secret_manager_secret_version.password[each.key].secret
  version = google_secret_manager_secret_version.password[each.key].version
}
