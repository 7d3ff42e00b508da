"""What tests share: strategies, an injected clock, an API in memory."""
