output "cluster" {
  description = "Name of the cluster, for `gcloud container clusters get-credentials --dns-endpoint`."
  value       = google_container_cluster.main.name
}

output "images" {
  description = "Where images are pushed to."
  value       = "${var.region}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.images.repository_id}"
}

# What the manifests in infra/kubernetes need to know of this installation: scripts/render_kubernetes.py reads it. No secrets.
output "installation" {
  description = "Names of everything that Kubernetes manifests refer to."
  value = {
    project_id             = var.project_id
    environment            = var.environment
    approvers_group        = var.approvers_group
    mysql_instance         = google_sql_database_instance.mysql.connection_name
    postgres_instance      = google_sql_database_instance.postgres.connection_name
    results_url            = "bigquery://${var.project_id}/${google_bigquery_dataset.results.dataset_id}"
    publish_url            = "gs://${google_storage_bucket.bucket["published"].name}"
    reports_url            = "gs://${google_storage_bucket.bucket["reports"].name}"
    results_bucket         = google_storage_bucket.bucket["results"].name
    data_bucket            = google_storage_bucket.bucket["data"].name
    database_range         = "${google_compute_global_address.databases.address}/${google_compute_global_address.databases.prefix_length}"
    nodes_range            = google_compute_subnetwork.nodes.ip_cidr_range
    services_range         = google_compute_subnetwork.nodes.secondary_ip_range[1].ip_cidr_range
    orchestrator_account   = google_service_account.workload["orchestrator"].email
    prefect_server_account = google_service_account.workload["prefect-server"].email
    simulator_account      = google_service_account.workload["simulator"].email
    tuner_account          = google_service_account.workload["tuner"].email
  }
}
