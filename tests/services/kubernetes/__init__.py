"""A cluster for tests: enough of a Kubernetes API for the real `prefect worker --type kubernetes`, and pods that are processes.

`api.py` answers HTTP, `objects.py` keeps objects with resource versions and watches, `kubelet.py` runs the containers of jobs
as processes in PID namespaces of their own, `cluster.py` starts all of it for a test and kills pods on demand.
"""
