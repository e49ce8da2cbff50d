resource "google_container_cluster" "main" {
  name       = local.name
  location   = var.region
  network    = google_compute_network.main.id
  subnetwork = google_compute_subnetwork.nodes.id

  node_locations      = [for zone in var.zones : "${var.region}-${zone}"]
  deletion_protection = var.deletion_protection

  # Our own pools only. The first one lives for minutes, and not as the project's default account, which many projects forbid.
  remove_default_node_pool = true
  initial_node_count       = 1

  node_config {
    service_account = google_service_account.nodes.email

    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }

    workload_metadata_config {
      mode = "GKE_METADATA"
    }
  }

  release_channel {
    channel = "STABLE"
  }

  # Early on Sunday mornings: a nightly cron has ended, and nobody approves.
  maintenance_policy {
    recurring_window {
      start_time = "2026-01-03T18:00:00Z"
      end_time   = "2026-01-04T00:00:00Z"
      recurrence = "FREQ=WEEKLY;BYDAY=SA"
    }
  }

  ip_allocation_policy {
    cluster_secondary_range_name  = "pods"
    services_secondary_range_name = "services"
  }

  # The control plane answers by its DNS name, which asks for IAM rights, and by no public address.
  private_cluster_config {
    enable_private_nodes    = true
    enable_private_endpoint = true
  }

  master_authorized_networks_config {}

  control_plane_endpoints_config {
    dns_endpoint_config {
      allow_external_traffic = true
    }
  }

  master_auth {
    client_certificate_config {
      issue_client_certificate = false
    }
  }

  workload_identity_config {
    workload_pool = "${var.project_id}.svc.id.goog"
  }

  # Lets RBAC name groups: the approvers' group is bound to a role in infra/kubernetes.
  authenticator_groups_config {
    security_group = var.security_group
  }

  # Enforces network policies by itself; the older add-on for them stays off.
  datapath_provider           = "ADVANCED_DATAPATH"
  enable_intranode_visibility = true
  enable_shielded_nodes       = true

  network_policy {
    enabled = false
  }

  binary_authorization {
    evaluation_mode = "PROJECT_SINGLETON_POLICY_ENFORCE"
  }

  addons_config {
    gcs_fuse_csi_driver_config {
      enabled = true
    }

    # Nothing is served to the internet.
    http_load_balancing {
      disabled = true
    }
  }

  # Empty nodes go sooner, and pods are packed: simulations are many and short.
  cluster_autoscaling {
    autoscaling_profile = "OPTIMIZE_UTILIZATION"
  }

  cost_management_config {
    enabled = true
  }

  security_posture_config {
    mode               = "BASIC"
    vulnerability_mode = "VULNERABILITY_BASIC"
  }

  logging_config {
    enable_components = ["SYSTEM_COMPONENTS", "WORKLOADS"]
  }

  monitoring_config {
    enable_components = ["SYSTEM_COMPONENTS", "POD"]

    managed_prometheus {
      enabled = true
    }
  }

  resource_labels = {
    application = "tunegate"
    environment = var.environment
  }

  lifecycle {
    ignore_changes = [node_config]
  }
}
