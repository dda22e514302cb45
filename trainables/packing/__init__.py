"""The packed engine: several SFT trials train at once on one frozen base model."""
