"""What everything stands on: settings, files, paths, the machine, parallel work, caches."""
