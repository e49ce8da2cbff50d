"""Adapters on Google Cloud: BigQuery and Cloud Storage."""
