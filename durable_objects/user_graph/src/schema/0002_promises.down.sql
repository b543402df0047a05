DROP TABLE account_floors;
DROP TABLE applied_pages;
