"""The owner's policy: settings, access control, local rules, retention."""
