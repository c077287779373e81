"""What is true about trading, whatever the broker and whoever asks. Standard library only."""
