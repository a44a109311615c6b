"""What tests and benches share: processes, sites, terminals, issuers, faults and their rows."""
