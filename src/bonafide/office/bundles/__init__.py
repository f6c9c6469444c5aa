"""The life of bundles: proposed by one person, approved by another, activated, rolled back; signed, in one chain."""
