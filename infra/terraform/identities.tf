resource "google_service_account" "nodes" {
  account_id   = "${local.name}-nodes"
  display_name = "Nodes of ${local.name}: pull images, write logs and metrics"
}

resource "google_project_iam_member" "nodes" {
  project = var.project_id
  role    = "roles/container.defaultNodeServiceAccount"
  member  = google_service_account.nodes.member
}

resource "google_artifact_registry_repository_iam_member" "nodes" {
  location   = google_artifact_registry_repository.images.location
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.reader"
  member     = google_service_account.nodes.member
}

resource "google_service_account" "workload" {
  for_each = local.identities

  account_id   = "tg-${var.environment}-${each.key}"
  display_name = each.value
}

# Pods with the Kubernetes service account act as the Google one, without a key.
resource "google_service_account_iam_member" "workload" {
  for_each = local.identities

  service_account_id = google_service_account.workload[each.key].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${var.project_id}.svc.id.goog[tunegate/${each.key}]"

  depends_on = [google_container_cluster.main]
}
