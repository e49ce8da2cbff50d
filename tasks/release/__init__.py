"""Tasks that ask for approval, release and roll back."""
