"""References: other engines that run the same cases. Imported only when used."""
