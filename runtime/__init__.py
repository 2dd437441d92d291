"""What every daemon needs: settings, service life, MQTT session, outbox, logging, wire format."""
