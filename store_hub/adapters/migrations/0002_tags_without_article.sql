-- The pages list the tags of no known article; `tags` also keeps every tag that ever left, so that list needs its own way in.
CREATE INDEX tags_without_article ON tags (since_ms) WHERE present = 1 AND sku IS NULL;
