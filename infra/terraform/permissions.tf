# Each identity reaches one database, by a condition on the instance.
resource "google_project_iam_member" "database" {
  for_each = {
    for identity in keys(local.identities) :
    identity => identity == "prefect-server" ? google_sql_database_instance.postgres.name : google_sql_database_instance.mysql.name
  }

  project = var.project_id
  role    = "roles/cloudsql.client"
  member  = google_service_account.workload[each.key].member

  condition {
    title      = "one instance"
    expression = "resource.type == 'sqladmin.googleapis.com/Instance' && resource.name == 'projects/${var.project_id}/instances/${each.value}'"
  }
}

resource "google_bigquery_dataset_iam_member" "results" {
  for_each = local.pipeline

  dataset_id = google_bigquery_dataset.results.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = google_service_account.workload[each.key].member
}

# A job belongs to a project; what it may read or write is the dataset's matter.
resource "google_project_iam_member" "queries" {
  for_each = local.pipeline

  project = var.project_id
  role    = "roles/bigquery.jobUser"
  member  = google_service_account.workload[each.key].member
}

# A statement has a name that BigQuery runs once; whoever sends it again looks at the job of who was first.
resource "google_project_iam_custom_role" "job_reader" {
  role_id     = replace("${local.name}_job_reader", "-", "_")
  title       = "tunegate ${var.environment}: sees BigQuery jobs"
  description = "State and outcome of jobs that another of tunegate's accounts began."
  permissions = ["bigquery.jobs.get"]
}

resource "google_project_iam_member" "jobs" {
  for_each = local.pipeline

  project = var.project_id
  role    = google_project_iam_custom_role.job_reader.name
  member  = google_service_account.workload[each.key].member
}

locals {
  # bucket/identity → role. Only the orchestrator publishes and reports.
  bucket_roles = merge(
    { for identity in local.pipeline : "data/${identity}" => "roles/storage.objectViewer" },
    { for identity in local.pipeline : "results/${identity}" => "roles/storage.objectUser" },
    { for bucket in ["published", "reports"] : "${bucket}/orchestrator" => "roles/storage.objectUser" },
  )
}

resource "google_storage_bucket_iam_member" "workload" {
  for_each = local.bucket_roles

  bucket = google_storage_bucket.bucket[split("/", each.key)[0]].name
  role   = each.value
  member = google_service_account.workload[split("/", each.key)[1]].member
}

resource "google_storage_bucket_iam_member" "production" {
  for_each = toset(var.production_readers)

  bucket = google_storage_bucket.bucket["published"].name
  role   = "roles/storage.objectViewer"
  member = each.key
}

# People who approve read the reports, and reach the Prefect server by a port forward into the cluster.
resource "google_storage_bucket_iam_member" "approvers" {
  bucket = google_storage_bucket.bucket["reports"].name
  role   = "roles/storage.objectViewer"
  member = "group:${var.approvers_group}"
}

resource "google_project_iam_member" "approvers" {
  project = var.project_id
  role    = "roles/container.clusterViewer"
  member  = "group:${var.approvers_group}"
}

# The page of the Prefect server asks for this password.
resource "google_secret_manager_secret_iam_member" "approvers" {
  secret_id = google_secret_manager_secret.password["prefect-password"].id
  role      = "roles/secretmanager.secretAccessor"
  member    = "group:${var.approvers_group}"
}
