  -- Rows by the value of a field. It is compared as a range, so that no index but that of the field has their order.
  IF jsonb_typeof(part -> '{field}') = '{type}' THEN
    part := part - '{field}';
    IF part <> '{}' AND ({searched} OR part ?| '{indexed}'::text[]) THEN
      RETURN NULL;
    END IF;
    {value} := filter -> 'contains' ->> '{field}';
    IF order_by IS NULL AND descending THEN
      SELECT string_agg({line}, comma) INTO lines FROM (
        SELECT r.id, r.data, r._version, r._txid, r._order FROM kdata."{ptr}" AS r
        WHERE r._deleted_txid IS NULL AND {mine} AND (part = '{}' OR r.data @> part)
          AND {key} >= {value} AND ({key}, r._order) < ({value}, coalesce(after_ord, '9223372036854775807'::bigint))
        ORDER BY {key} DESC NULLS LAST, r._order DESC LIMIT take
      ) AS r;
      RETURN coalesce(lines, '');
    ELSIF order_by IS NULL THEN
      SELECT string_agg({line}, comma) INTO lines FROM (
        SELECT r.id, r.data, r._version, r._txid, r._order FROM kdata."{ptr}" AS r
        WHERE r._deleted_txid IS NULL AND {mine} AND (part = '{}' OR r.data @> part)
          AND {key} <= {value} AND ({key}, r._order) > ({value}, coalesce(after_ord, '-9223372036854775808'::bigint))
        ORDER BY {key} NULLS FIRST, r._order LIMIT take
      ) AS r;
      RETURN coalesce(lines, '');
    ELSIF after_ord IS NOT NULL OR class IS NULL OR class = 'json' THEN
      RETURN NULL;
    END IF;
    -- In another order: all of them, where they are few.
    IF descending THEN
      WITH few AS MATERIALIZED (
        SELECT r.id, r.data, r._version, r._txid, r._order FROM kdata."{ptr}" AS r
        WHERE r._deleted_txid IS NULL AND {mine} AND (part = '{}' OR r.data @> part)
          AND {key} >= {value} AND {key} <= {value}
        ORDER BY {key} NULLS FIRST, r._order LIMIT 1001
      )
      SELECT string_agg({line}, comma), (SELECT count(*) FROM few) INTO lines, many FROM (
        SELECT * FROM few AS r
        ORDER BY CASE WHEN order_by = '' THEN r.id WHEN class = 'text' THEN r.data ->> order_by END COLLATE "C" DESC NULLS LAST,
          CASE WHEN class <> 'text' THEN (r.data ->> order_by)::numeric END DESC NULLS LAST, r._order DESC LIMIT take
      ) AS r;
    ELSE
      WITH few AS MATERIALIZED (
        SELECT r.id, r.data, r._version, r._txid, r._order FROM kdata."{ptr}" AS r
        WHERE r._deleted_txid IS NULL AND {mine} AND (part = '{}' OR r.data @> part)
          AND {key} >= {value} AND {key} <= {value}
        ORDER BY {key} NULLS FIRST, r._order LIMIT 1001
      )
      SELECT string_agg({line}, comma), (SELECT count(*) FROM few) INTO lines, many FROM (
        SELECT * FROM few AS r
        ORDER BY CASE WHEN order_by = '' THEN r.id WHEN class = 'text' THEN r.data ->> order_by END COLLATE "C" NULLS FIRST,
          CASE WHEN class <> 'text' THEN (r.data ->> order_by)::numeric END NULLS FIRST, r._order LIMIT take
      ) AS r;
    END IF;
    RETURN CASE WHEN many <= 1000 THEN coalesce(lines, '') END;
  END IF;
