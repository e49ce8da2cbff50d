"""A street to practise on: days in a hidden world that obey a published document and report observations."""
