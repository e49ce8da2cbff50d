locals {
  name = "tunegate-${var.environment}"

  # Who runs what, and the Kubernetes service account that each Google service account belongs to.
  identities = {
    prefect-server = "The Prefect server: its own database, nothing else"
    orchestrator   = "retune, tune, gate, rollout, rollback: the only one that publishes"
    tuner          = "Search workers"
    simulator      = "Single simulations"
  }

  # The ones that run flows: they share studies, day results and the results of tasks.
  pipeline = toset(["orchestrator", "tuner", "simulator"])
}
