"""Which parameter made the difference, by how much, and which could not be told apart?"""
