terraform {
  # 1.11 knows write-only arguments, which keep passwords out of the state.
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
    random = {
      source  = "hashicorp/random"
      version = "~> 3.7"
    }
  }

  # The bucket is named at `terraform init -backend-config=bucket=...`; docs/deploy-gcp.md makes it.
  backend "gcs" {
    prefix = "tunegate"
  }
}

provider "google" {
  project = var.project_id
  region  = var.region

  default_labels = {
    application = "tunegate"
    environment = var.environment
  }
}
