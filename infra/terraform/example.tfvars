# Copy to terraform.tfvars and fill in; every variable is explained in variables.tf.
project_id      = "my-project"
approvers_group = "dispatch-leads@example.com"
security_group  = "gke-security-groups@example.com"
