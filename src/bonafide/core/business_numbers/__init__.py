"""Registration numbers: which form one has, and whether its check digits hold."""
