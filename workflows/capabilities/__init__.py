"""What software can do. Whether it may is the envelope's to say."""
