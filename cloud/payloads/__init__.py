"""What commands carry inside their envelope: one Struct a kind, the second reading of the contract's JSON Schemas."""
