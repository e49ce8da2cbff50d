"""From a verdict to production: who may release what, and one way in which it happens. Pure rules, and steps over ports."""
