DROP TABLE applied_pages;
