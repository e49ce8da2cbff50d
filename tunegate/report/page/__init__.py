"""The HTML pages: campaign report, index, route map."""
