"""``madoguchi-training``: one verb a file, thin over what the cloud does."""
