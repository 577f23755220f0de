"""What ``cone aws setup`` does to the AWS config file: a plan first, then its application."""
