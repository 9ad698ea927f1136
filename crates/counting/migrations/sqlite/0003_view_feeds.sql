-- Nothing to change: the embedded profile reads no log of batches. The number is there so that both databases have
-- the same ones.
SELECT 1;
