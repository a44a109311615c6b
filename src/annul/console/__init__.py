"""The console: web pages in Chinese and English, live over the socket that NiceGUI keeps."""
