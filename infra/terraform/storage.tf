locals {
  buckets = {
    data      = "Raw data and cities of the regions, read by every pod"
    published = "What production reads, one object for each region"
    reports   = "Reports of campaigns"
    results   = "Results of Prefect's tasks: a retried run takes up from them"
  }
}

resource "google_storage_bucket" "bucket" {
  #checkov:skip=CKV_GCP_62:Who wrote which object is in the audit log below; usage logs in a further bucket would say less.
  for_each = local.buckets

  # Bucket names are one name space for the whole world, so the project's name is part of them.
  name                        = "${var.project_id}-${local.name}-${each.key}"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = 30
    }
  }

  # A run that nobody has retried for 90 days will not be.
  dynamic "lifecycle_rule" {
    for_each = each.key == "results" ? [90] : []

    content {
      action {
        type = "Delete"
      }
      condition {
        age = lifecycle_rule.value
      }
    }
  }
}

# Who published or removed what: writes to buckets are in the project's audit log.
resource "google_project_iam_audit_config" "storage" {
  project = var.project_id
  service = "storage.googleapis.com"

  audit_log_config {
    log_type = "DATA_WRITE"
  }
}
