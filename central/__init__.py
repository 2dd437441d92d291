"""The central server: catalogue, capacity, ticket requests, issuing, the feed of facts."""
