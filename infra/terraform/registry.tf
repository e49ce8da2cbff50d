resource "google_artifact_registry_repository" "images" {
  #checkov:skip=CKV_GCP_84:Google's own keys encrypt it; nothing in it is personal or secret, and a key of ours is one more thing to lose.
  repository_id = local.name
  location      = var.region
  format        = "DOCKER"
  description   = "Images of tunegate's pipeline and simulators."

  docker_config {
    immutable_tags = true
  }

  depends_on = [google_project_service.used]
}
