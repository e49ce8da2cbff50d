# Studies, campaigns, verdicts, the ledger and the registry.
resource "google_sql_database_instance" "mysql" {
  name                = "${local.name}-mysql"
  region              = var.region
  database_version    = "MYSQL_8_4"
  deletion_protection = var.deletion_protection

  settings {
    tier                        = var.mysql_tier
    edition                     = "ENTERPRISE"
    availability_type           = var.highly_available ? "REGIONAL" : "ZONAL"
    disk_type                   = "PD_SSD"
    disk_size                   = 20
    disk_autoresize             = true
    deletion_protection_enabled = var.deletion_protection

    # Only through the Auth Proxy: it asks for IAM rights and encrypts.
    connector_enforcement = "REQUIRED"

    ip_configuration {
      ipv4_enabled    = false
      private_network = google_compute_network.main.id
      ssl_mode        = "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"
    }

    backup_configuration {
      enabled                        = true
      binary_log_enabled             = true
      start_time                     = "18:00"
      transaction_log_retention_days = 7

      backup_retention_settings {
        retained_backups = 30
      }
    }

    maintenance_window {
      day          = 6
      hour         = 19
      update_track = "stable"
    }

    insights_config {
      query_insights_enabled = true
    }

    database_flags {
      name  = "max_connections"
      value = tostring(var.mysql_max_connections)
    }

    database_flags {
      name  = "local_infile"
      value = "off"
    }

    database_flags {
      name  = "skip_show_database"
      value = "on"
    }
  }

  depends_on = [google_service_networking_connection.databases]
}

resource "google_sql_database" "tunegate" {
  name      = "tunegate"
  instance  = google_sql_database_instance.mysql.name
  charset   = "utf8mb4"
  collation = "utf8mb4_bin"
}

resource "google_sql_user" "tunegate" {
  name                = "tunegate"
  instance            = google_sql_database_instance.mysql.name
  host                = "%"
  password_wo         = ephemeral.google_secret_manager_secret_version.password["mysql-password"].secret_data
  password_wo_version = var.password_version
}
