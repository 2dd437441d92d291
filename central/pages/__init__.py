"""The pages: the ticket office's behind a sign-in (/office/…), the visitors' behind unguessable
links. Server-rendered; the script is small and nothing is loaded from elsewhere."""
