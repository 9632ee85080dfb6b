"""The streams of Stripe, a module per family."""
