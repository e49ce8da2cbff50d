variable "project_id" {
  description = "Google Cloud project that takes everything."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "project_id must be 6 to 30 lower-case letters, digits and hyphens, as `gcloud projects list` shows it."
  }
}

variable "region" {
  description = "Region of cluster, databases, dataset and buckets. All in one: traffic between regions costs money and time."
  type        = string
  default     = "asia-northeast1"
}

variable "zones" {
  description = "Zones of the nodes, as suffixes of the region. Spot machines are easier to get in several."
  type        = list(string)
  default     = ["a", "b", "c"]
}

variable "environment" {
  description = "Name of this installation, e.g. production or staging; it is part of every name, so that two fit into one project."
  type        = string
  default     = "production"

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,11}$", var.environment))
    error_message = "environment must be 2 to 12 lower-case letters and digits: bucket and account names have little room."
  }
}

variable "node_pools" {
  description = "Machine type and limits of each node pool, over all zones. See docs/deploy-gcp.md on how to size them."
  type = map(object({
    machine_type = string
    spot         = bool
    min_nodes    = number
    max_nodes    = number
    taint_effect = string
  }))
  default = {
    # Prefect's server and workers and the system's own pods run here too, so the taint only asks others to stay away.
    orchestrators = { machine_type = "e2-standard-4", spot = false, min_nodes = 2, max_nodes = 6, taint_effect = "PREFER_NO_SCHEDULE" }
    tuning        = { machine_type = "c3-standard-8", spot = false, min_nodes = 0, max_nodes = 10, taint_effect = "NO_SCHEDULE" }
    simulations   = { machine_type = "c3-standard-8", spot = true, min_nodes = 0, max_nodes = 50, taint_effect = "NO_SCHEDULE" }
  }

  validation {
    condition     = toset(keys(var.node_pools)) == toset(["orchestrators", "tuning", "simulations"])
    error_message = "node_pools must have exactly the keys orchestrators, tuning and simulations: the work pools select nodes by these names."
  }
}

variable "mysql_tier" {
  description = "Machine of the MySQL instance with studies, campaigns, the ledger and the registry. One core serves about 100 workers."
  type        = string
  default     = "db-custom-2-7680"
}

variable "mysql_max_connections" {
  description = "Connections that MySQL takes at once: two for each pod that may run, and some for people."
  type        = number
  default     = 1000
}

variable "postgres_tier" {
  description = "Machine of the PostgreSQL instance of the Prefect server."
  type        = string
  default     = "db-custom-1-3840"
}

variable "highly_available" {
  description = "Whether the databases keep a standby in another zone. It doubles their price; without it a zone's failure is an outage of minutes."
  type        = bool
  default     = true
}

variable "password_version" {
  description = "Raise by one to set new passwords for both databases and for the Prefect server; docs/deploy-gcp.md tells what to restart."
  type        = number
  default     = 1
}

variable "approvers_group" {
  description = "Google group whose members may reach the Prefect server to approve and to roll back, e.g. dispatch-leads@example.com."
  type        = string
}

variable "security_group" {
  description = "The Google group gke-security-groups@DOMAIN that approvers_group is a member of: GKE takes groups for its RBAC from there."
  type        = string

  validation {
    condition     = startswith(var.security_group, "gke-security-groups@")
    error_message = "security_group must be called gke-security-groups@DOMAIN: GKE accepts no other name."
  }
}

variable "production_readers" {
  description = "Who reads published parameters, as IAM members, e.g. serviceAccount:recommender@other-project.iam.gserviceaccount.com."
  type        = list(string)
  default     = []
}

variable "deletion_protection" {
  description = "Whether cluster, databases and tables refuse to be destroyed. Set to false and apply before a teardown."
  type        = bool
  default     = true
}
