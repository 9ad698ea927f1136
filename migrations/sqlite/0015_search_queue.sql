-- Nothing: the queue for OpenSearch is for the server profile only. The numbers are the same in both
-- dialects.
SELECT 1;
