"""Which configuration is best, and how sure are we: reads run folders and nothing else."""
