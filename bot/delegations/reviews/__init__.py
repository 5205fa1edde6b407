"""Reviews: whether what grantors gave is still needed; asked, answered, ended."""
