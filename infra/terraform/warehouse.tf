# Day results, trials and verdicts. Columns, partitions and clusters stand in the files that the adapter itself goes by.
locals {
  table_folder = "${path.module}/../../tunegate/adapters/google/bigquery"
  tables = {
    for file in fileset(local.table_folder, "*.json") :
    trimsuffix(file, ".json") => jsondecode(file("${local.table_folder}/${file}"))
  }
}

resource "google_bigquery_dataset" "results" {
  #checkov:skip=CKV_GCP_81:Google's own keys encrypt it; nothing in it is personal or secret, and a key of ours is one more thing to lose.
  dataset_id    = replace(local.name, "-", "_")
  friendly_name = "tunegate ${var.environment}"
  description   = "Day results, trials and verdicts of tuning campaigns."
  location      = var.region

  # Deleted or overwritten rows can be brought back for a week.
  max_time_travel_hours = "168"

  depends_on = [google_project_service.used]
}

resource "google_bigquery_table" "result" {
  #checkov:skip=CKV_GCP_80:Google's own keys encrypt it; nothing in it is personal or secret, and a key of ours is one more thing to lose.
  for_each = local.tables

  dataset_id          = google_bigquery_dataset.results.dataset_id
  table_id            = each.key
  description         = each.value.description
  schema              = jsonencode(each.value.schema.fields)
  clustering          = each.value.clustering.fields
  deletion_protection = var.deletion_protection

  time_partitioning {
    type  = each.value.timePartitioning.type
    field = each.value.timePartitioning.field
  }
}
