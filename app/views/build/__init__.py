"""Panel: data sets built from files on the server's disk or from a browser."""
