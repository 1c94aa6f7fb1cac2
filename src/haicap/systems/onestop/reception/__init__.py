"""Reception: what an applicant brings to the counter or sends online becomes one dossier with all its parts."""
