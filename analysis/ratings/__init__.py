"""People's judgements of a run's answers: blind forms, what comes back, and what it says."""
