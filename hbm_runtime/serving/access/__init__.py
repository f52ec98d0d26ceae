"""Who may use the server: tokens, certificates, web pages."""
