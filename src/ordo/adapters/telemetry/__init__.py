"""What the gateway tells its operator and its auditor."""
