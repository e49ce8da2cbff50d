resource "google_container_node_pool" "pool" {
  for_each = var.node_pools

  name     = each.key
  cluster  = google_container_cluster.main.id
  location = var.region

  autoscaling {
    total_min_node_count = each.value.min_nodes
    total_max_node_count = each.value.max_nodes
    # A spot machine is taken wherever there is one.
    location_policy = each.value.spot ? "ANY" : "BALANCED"
  }

  max_pods_per_node = 64

  management {
    auto_repair  = true
    auto_upgrade = true
  }

  upgrade_settings {
    max_surge       = 1
    max_unavailable = 0
  }

  node_config {
    machine_type    = each.value.machine_type
    spot            = each.value.spot
    image_type      = "COS_CONTAINERD"
    disk_type       = startswith(each.value.machine_type, "c3-") ? "pd-balanced" : "pd-standard"
    disk_size_gb    = 100
    service_account = google_service_account.nodes.email
    oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"]

    # What the work pools in infra/work-pools select.
    labels = {
      "tunegate/pool" = each.key
    }

    taint {
      key    = "tunegate/pool"
      value  = each.key
      effect = each.value.taint_effect
    }

    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }

    workload_metadata_config {
      mode = "GKE_METADATA"
    }

    # Images are streamed: a new node runs its first simulation before it has the whole image.
    gcfs_config {
      enabled = true
    }

    metadata = {
      disable-legacy-endpoints = "true"
    }
  }
}
