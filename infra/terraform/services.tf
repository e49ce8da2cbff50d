resource "google_project_service" "used" {
  for_each = toset([
    "artifactregistry",
    "bigquery",
    "cloudresourcemanager",
    "compute",
    "container",
    "iam",
    "secretmanager",
    "servicenetworking",
    "sqladmin",
    "storage",
  ])

  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}
