"""The door to the cloud: the only place that knows HTTP."""
