"""What the counter is and does: domain, rules, jobs, and its door to the cloud."""
